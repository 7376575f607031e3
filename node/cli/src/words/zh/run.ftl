# qianmo run
run-sites = 参与方：{ $sites }
run-site = 参与方 { $site }
run-round = 第 { $round } 轮
round-line = 第 { $round } 轮  { $rows } 行
