;; As short_column, but a table of one row whose float64 column holds int64 values.
(module
  (memory (export "memory") 1)
  (data (i32.const 4) "\40\00\00\00" "\01\00\00\00")
  (data (i32.const 64) "\80\00\00\00" "\01\00\00\00" "\88\00\00\00" "\01\00\00\00" "\01\00\00\00"
    "\a0\00\00\00" "\01\00\00\00" "\c8\00\00\00" "\01\00\00\00")
  (data (i32.const 128) "t")
  (data (i32.const 136) "\80\00\00\00" "\01\00\00\00" "\03\00")
  (data (i32.const 160) "\02\00\00\00" "\00\01\00\00" "\01\00\00\00")
  (func (export "run") (result i32) (i32.const 0)))
