# qianmo id
id-no-node = 节点的密钥由 `qianmo init` 生成；请选择其他 --role
id-next = 下一步：请证书认证机构签发，然后将证书与以下文件放入同一文件夹：{ $files }
id-there = { $path } 已存在；请选择其他 --dir
