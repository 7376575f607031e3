# qianmo data
data-reading = 节点正在逐行读取
data-removed = 已下架：{ $name }
data-listed = 已上架 { $id }：约 { $rows } 行，{ $fields } 个字段，{ $grade }
data-listed-next = 下一步：查看他人所见的内容：qianmo data show { $name }
yes = 是
descriptor-long = 有 { $bytes } 字节
descriptor-no-text = 不是 UTF-8 文本
descriptor-no-toml = 不是 TOML：{ $error }
no-descriptor = { $path } 不是数据集描述文件（{ $why }）：请将数据文件放入节点的 data 文件夹，并给出写明该文件及其字段的 TOML 文件，参见 deploy/samples/screening.toml
