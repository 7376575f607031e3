;; Neither ok nor an error.
(module
  (memory (export "memory") 1)
  (data (i32.const 0) "\07")
  (func (export "run") (result i32) (i32.const 0)))
