# qianmo catalog
search-nothing = 未找到；请减少关键词
search-silent = 节点未应答：{ $node }：{ $error }
search-nothing-so-far = 已应答的节点中未找到；部分节点未应答
search-cut = 节点 { $node } 的条目过多，请增加关键词
