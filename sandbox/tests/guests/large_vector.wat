;; A vector of 200,000 zeros, 1.6 MB, all in order but for its size.
(module
  (memory (export "memory") 30)
  ;; vectors: at 64, one
  (data (i32.const 20) "\40\00\00\00" "\01\00\00\00")
  ;; name "v", shape at 104 of one axis, values at 65536
  (data (i32.const 64) "\60\00\00\00" "\01\00\00\00" "\68\00\00\00" "\01\00\00\00" "\00\00\01\00" "\40\0d\03\00")
  (data (i32.const 96) "v")
  (data (i32.const 104) "\40\0d\03\00")
  (func (export "run") (result i32) (i32.const 0)))
