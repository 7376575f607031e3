;; A table of two rows with contributors for both, and a float64 column of one value.
(module
  (memory (export "memory") 1)
  (data (i32.const 4) "\40\00\00\00" "\01\00\00\00")
  ;; name "t", fields at 136 (one), rows 2, columns at 160 (one), contributors at 200 (two)
  (data (i32.const 64) "\80\00\00\00" "\01\00\00\00" "\88\00\00\00" "\01\00\00\00" "\02\00\00\00"
    "\a0\00\00\00" "\01\00\00\00" "\c8\00\00\00" "\02\00\00\00")
  (data (i32.const 128) "t")
  ;; field "t", float64 (3), not nullable
  (data (i32.const 136) "\80\00\00\00" "\01\00\00\00" "\03\00")
  ;; float64s (3) at 256, one value; no validity
  (data (i32.const 160) "\03\00\00\00" "\00\01\00\00" "\01\00\00\00")
  (func (export "run") (result i32) (i32.const 0)))
