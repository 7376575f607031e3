;; A list of 4 billion tables.
(module
  (memory (export "memory") 1)
  (data (i32.const 4) "\40\00\00\00" "\ff\ff\ff\ff")
  (func (export "run") (result i32) (i32.const 0)))
