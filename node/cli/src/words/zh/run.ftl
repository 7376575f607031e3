# qianmo run
run-sites = 参与方：{ $sites }
run-no-contract-over = 您没有在 { $dataset } 上使用 { $model }（{ $digest }）且有剩余次数的有效合约；请申请：qianmo request new
run-no-contract = 您没有使用 { $model }（{ $digest }）且有剩余次数的有效合约；请申请：qianmo request new
run-site = 参与方 { $site }
run-round = 第 { $round } 轮
round-line = 第 { $round } 轮  { $rows } 行
