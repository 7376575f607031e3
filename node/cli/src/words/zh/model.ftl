# qianmo model
push-everywhere-or-on = `--everywhere` 将模型送达全部节点，`--on` 只送达一个；请二者选一
model-no-label = 文件名不能用作名称；请用 --name 给出
model-unreadable = 无法读取 { $path }：{ $error }；请给出 .wasm 文件或随程序提供的模型：{ $names }
model-several = 有多个模型名为 { $given }；请按摘要选择：{ $digests }
model-bringing = 节点正在检查并编译模型
model-compiling = 正在检查并编译模型
model-there = 已就位
model-not-at = { $node }（可用 `qianmo model push` 送达）
