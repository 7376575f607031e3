;; Honest: a growth beyond its own declared maximum fails, and it goes on.
(module
  (memory (export "memory") 1 2)
  (func (export "run") (result i32)
    (if (i32.ne (memory.grow (i32.const 2)) (i32.const -1)) (then unreachable))
    (i32.const 0)))
