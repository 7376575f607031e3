# qianmo peer
peer-forgotten = 已移除：{ $peer }
peer-answers = 已应答
peer-silent = 已登记，但尚未应答：{ $error }
