# qianmo job
order-other-dataset = { $contract } 对应数据集 { $dataset }，而非 { $wanted }
order-several-models = 合约授权了多个模型；请用 --model 选择：{ $digests }
order-other-params = { $contract } 固定了参数，与所给参数不同；请按申请时的内容给出 --params
job-ordered = 已下达；停止等待不影响其运行：{ $id } --on { $department }
log-empty = 没有日志行：模型未写日志
log-dropped = 日志已满，丢弃 { $lines } 行
params-no-json = --params 不是 JSON：{ $error }；请为 shell 加引号，或用 @文件
params-long = --params 有 { $bytes } 字节；上限为 { $limit }
