;; Logs one line of 18 MiB.
(module
  (import "qianmo:model/context@0.1.0" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 300)
  (func (export "run") (result i32)
    (call $log (i32.const 1) (i32.const 64) (i32.const 18874368))
    (i32.const 0)))
