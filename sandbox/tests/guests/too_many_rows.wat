;; A table of 10,001 rows, one more than may leave, with a contributor count for each.
(module
  (memory (export "memory") 2)
  (data (i32.const 4) "\40\00\00\00" "\01\00\00\00")
  ;; name "t", no fields, rows, no columns, contributors at 65536
  (data (i32.const 64) "\80\00\00\00" "\01\00\00\00" "\00\00\00\00" "\00\00\00\00" "\11\27\00\00"
    "\00\00\00\00" "\00\00\00\00" "\00\00\01\00" "\11\27\00\00")
  (data (i32.const 128) "t")
  (func (export "run") (result i32) (i32.const 0)))
