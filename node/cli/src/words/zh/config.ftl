# qianmo config
config-sound = 配置无误
config-would-not-start = { $dir } 中的节点无法启动；有 { $mistakes } 处错误：{ $told }
