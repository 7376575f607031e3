;; Its start function never returns: the trouble begins before any call.
(module
  (memory (export "memory") 1)
  (func $start (loop $again (br $again)))
  (start $start)
  (func (export "run") (result i32) (i32.const 0)))
