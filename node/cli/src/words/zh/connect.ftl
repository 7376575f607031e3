# qianmo connect
ending-of-node = 节点：{ $what }
ending-of-yours = 您的{ $what }
list-taken = 已从节点取得较新的证书撤销列表
