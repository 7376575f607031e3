# qianmo context
context-damaged = { $path } 无法解析；请修正或删除：{ $error }
context-unknown = 没有上下文 { $name }；可用 `qianmo context ls` 列出
context-half-a-node = --node 与 --address 须同时给出，或都不给
context-missing = 缺少 { $flag }；请给出 --identity DIR --node URI --address HOST:PORT，或保存为上下文：qianmo context add NAME --identity DIR --node URI --address HOST:PORT
context-next = 下一步：{ $command }
context-kept = 已保存上下文 { $name }：{ $node }
context-used = 当前上下文为 { $name }：{ $node }
context-forgotten = 已移除上下文 { $name }
