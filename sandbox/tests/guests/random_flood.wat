;; Asks for more randomness than there is.
(module
  (import "qianmo:model/context@0.1.0" "random-bytes" (func $random (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "run") (result i32)
    (loop $again (call $random (i32.const 60000) (i32.const 0)) (br $again))
    (unreachable)))
