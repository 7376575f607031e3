;; Asks for all 4 GiB but the page it has.
(module
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (drop (memory.grow (i32.const 65535)))
    (i32.const 0)))
