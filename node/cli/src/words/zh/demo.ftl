# qianmo demo
demo-folder = 文件夹 { $dir }
demo-interrupted = 已中断；节点已停止
demo-not-empty = { $dir } 不是空文件夹；请用 --dir 给出新文件夹
demo-try = 节点仍在运行。可以尝试：
demo-stop = 停止节点：
demo-no-program = { $program } 无法启动：{ $error }
demo-no-start = { $dir } 中的节点没有启动：{ $how }。最后的日志：
    { $last }
demo-ended = 已退出
demo-too-long = 超时
chapter-nodes = 三家医院各自运行节点并登记数据
chapter-search = 需求部门检索数据，并将模型送达各节点
chapter-contracts = 需求部门申请合约，数据管理员签署
chapter-run = 联邦运行逐轮拟合模型
chapter-audit = 审计人员验证三份存证
demo-no-hospital = 没有医院
demo-rows = 约 { $rows } 行
demo-found-only = 只查到 [{ $found }]；请查看节点日志
demo-found = 找到 { $found }
demo-evaluation = 评估  { $correct }/{ $samples }，偏差 { $deviance }
demo-newton = 牛顿迭代  偏差 { $deviance }
demo-means = 合并均值
demo-deviations = 合并标准差
demo-verified = { $verdict }  { $entries } 条
demo-model = 三家医院联合拟合的模型：
demo-more = 其余 { $more } 个系数见 --json
demo-moved = 部门之间流动了什么：
