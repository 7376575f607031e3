# qianmo connect
ending-of-node = 节点：{ $what }
ending-of-yours = 您的{ $what }
list-taken = 已从节点取得较新的证书撤销列表
person-no-key = 缺少 { $path }；请用 `qianmo id new` 生成，或用 --identity 给出正确的文件夹
person-no-certificate = 缺少 { $path }；请联邦的证书认证机构签发 id.csr（`qianmo ca issue`），并将证书存放于此
person-no-root = 缺少 { $path }；请将联邦的根证书复制到此处
person-no-list = 缺少 { $path }；请将联邦最新的证书撤销列表（`qianmo ca crl`）复制到此处
person-other-key = { $certificate } 不是 { $key } 的证书；请将配对的证书和密钥放入同一文件夹
list-offered = 节点提供的证书撤销列表：{ $error }
unsigned = 无法签名：{ $error }
either-file = { $one } 或 { $other }
department-unknown = { $node } 没有登记 { $department } 的节点，只登记了 [{ $known }]；可由其系统管理员添加：qianmo peer add
address-unknown = 找不到地址 `{ $address }`（请写作“主机:端口”）：{ $error }
