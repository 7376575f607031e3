;; The result is said to lie beyond its memory.
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32) (i32.const 0x7ffffff0)))
