;; Imports a type that only a host could fill.
(component
  (import "secret" (type (sub resource)))
  (core module $m (func (export "run") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
