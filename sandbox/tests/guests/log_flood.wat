;; Logs a kilobyte again and again.
(module
  (import "qianmo:model/context@0.1.0" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (loop $again (call $log (i32.const 1) (i32.const 64) (i32.const 1024)) (br $again))
    (unreachable)))
