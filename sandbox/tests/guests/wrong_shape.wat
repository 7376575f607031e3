;; A vector of two values whose shape is [3].
(module
  (memory (export "memory") 1)
  (data (i32.const 20) "\40\00\00\00" "\01\00\00\00")
  (data (i32.const 64) "\60\00\00\00" "\01\00\00\00" "\68\00\00\00" "\01\00\00\00" "\70\00\00\00" "\02\00\00\00")
  (data (i32.const 96) "v")
  (data (i32.const 104) "\03\00\00\00")
  (func (export "run") (result i32) (i32.const 0)))
