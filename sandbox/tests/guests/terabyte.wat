;; A million metrics, whose names are all the same million bytes: a terabyte, once it is copied.
(module
  (memory (export "memory") 300)
  ;; metrics: at 65536, 1,000,000 of them
  (data (i32.const 12) "\00\00\01\00" "\40\42\0f\00")
  (func (export "run") (result i32)
    (local $metric i32)
    (local.set $metric (i32.const 65536))
    (memory.fill (i32.const 17000000) (i32.const 0x61) (i32.const 1000000))
    (loop $next
      (i32.store (local.get $metric) (i32.const 17000000))
      (i32.store offset=4 (local.get $metric) (i32.const 1000000))
      (local.set $metric (i32.add (local.get $metric) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $metric) (i32.const 16065536))))
    (i32.const 0)))
