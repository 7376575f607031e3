# qianmo init
init-next = 下一步：请证书认证机构签发，将 node.crt、root.crt 和 crl.pem 放入同一文件夹，然后启动：qianmo serve --dir { $dir }
init-there = { $dir } 中已有节点；请选择其他 --dir
