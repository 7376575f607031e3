;; A metric whose name is not UTF-8.
(module
  (memory (export "memory") 1)
  (data (i32.const 12) "\40\00\00\00" "\01\00\00\00")
  (data (i32.const 64) "\60\00\00\00" "\02\00\00\00")
  (data (i32.const 96) "\c3\28")
  (func (export "run") (result i32) (i32.const 0)))
