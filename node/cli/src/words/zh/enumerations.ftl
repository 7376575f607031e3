# 枚举值：证书、描述文件和合约中的英文值对应的中文
role-node = 节点
role-admin = 系统管理员
role-steward = 数据管理员
role-consumer = 数据使用人员
role-auditor = 审计人员
output-aggregate = 汇总结果
output-update = 联邦更新
state-requested = 待审批
state-finalized = 已生效
state-terminated = 已终止
state-running = 运行中
state-held = 待审
state-released = 已放行
state-withheld = 不予放行
state-failed = 失败
