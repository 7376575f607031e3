;; A metric that is NaN, made by a computation.
(module
  (memory (export "memory") 1)
  (data (i32.const 12) "\40\00\00\00" "\01\00\00\00")
  (data (i32.const 64) "\60\00\00\00" "\01\00\00\00")
  (data (i32.const 96) "m")
  (func (export "run") (result i32)
    (f64.store (i32.const 72) (f64.sqrt (f64.const -1)))
    (i32.const 0)))
