# qianmo audit
verify-asks-no-node = 此处不读取 `{ $flag }`：使用 --dir 时验证的是副本，不询问节点；请去掉该参数
audit-no-entry = 没有条目 { $seq }：存证共 { $size } 条，从 0 开始
audit-size = 共 { $size } 条
verdict-verified = VERIFIED（验证通过）
verdict-tampered = TAMPERED（已被篡改）
verdict-inconclusive = INCONCLUSIVE（无法判定）
verify-note = 提示：{ $finding }
verify-no-folder = { $dir } 不是文件夹；请给出节点文件夹的副本
memory-damaged = 本机记住的检查点 { $path } 无法解析（{ $error }）；请恢复该文件，或删除后重新开始
