;; Reports the error no-data (4) with the message "nobody".
(module
  (memory (export "memory") 1)
  (data (i32.const 0) "\01\00\00\00" "\04\00\00\00" "\10\00\00\00" "\06\00\00\00" "nobody")
  (func (export "run") (result i32) (i32.const 0)))
