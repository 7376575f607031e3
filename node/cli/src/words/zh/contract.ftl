# qianmo contract
contracts-unlisted = 无法列出节点 { $node } 的合约：{ $error }
