;; A table of five rows that tells for none of them how many individuals it stands for.
(module
  (memory (export "memory") 1)
  (data (i32.const 4) "\40\00\00\00" "\01\00\00\00")
  (data (i32.const 64) "\80\00\00\00" "\01\00\00\00" "\00\00\00\00" "\00\00\00\00" "\05\00\00\00")
  (data (i32.const 128) "t")
  (func (export "run") (result i32) (i32.const 0)))
