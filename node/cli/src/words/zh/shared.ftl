# 多个命令共用的消息
error-plain = 错误：{ $message }
error-coded = 错误 [{ $code }]：{ $message }
at = { $place }：{ $message }

usage-no-command = 没有命令 `{ $given }`
usage-no-argument = 此处没有参数 `{ $given }`
usage-hinted = { $mistake }；是否应为 `{ $hint }`？
usage-missing = 缺少：{ $given }
usage-conflict = `{ $given }` 与 `{ $other }` 不能同时使用
usage-no-value = `{ $argument }` 须给出取值
usage-choice = `{ $argument }` 的取值 `{ $given }` 无效；可选：{ $choices }
usage-value = `{ $argument }` 的取值 `{ $given }` 无效：{ $reason }
usage-other = 命令行有误：{ $text }
usage-help = 详情请用 `--help` 查看。

not-signed = 未签署；没有任何更改
stdout-unwritable = 无法写入标准输出：{ $error }
nobody-to-ask = 没有可供确认的终端；确需执行请加上 --yes
terminal-unreadable = 无法读取终端：{ $error }
unserialisable = 内容无法转换为 JSON：{ $error }
file-lost = 找不到 { $path }：{ $error }
file-unreadable = 无法读取 { $path }：{ $error }
file-unwritable = 无法写入 { $path }：{ $error }
folder-unmade = 无法建立文件夹 { $path }：{ $error }
pick-none = 没有您可查看的{ $what } { $given }；可用 `qianmo { $noun } ls` 列出
pick-several = { $given } 对应多个编号：{ $ids }；请写得更长
thing-request = 申请
thing-contract = 合约
thing-job = 作业
thing-model = 模型
thing-other = 对象
no-home = QIANMO_HOME 和 HOME 均未设置；请将 QIANMO_HOME 设为一个文件夹
no-program = 找不到本程序的文件：{ $error }
no-threads = 线程无法启动：{ $error }
no-time = `{ $text }` 不是时间：请写 30d 或 30天、12h 或 12小时、日期（2026-12-31，至当地该日结束）或 2026-12-31T12:00:00+08:00
time-passed = `{ $text }` 已经过去
list-more = 以上为最新的 { $count } 条，还有更多：--all 全部列出，--since、--state 等缩小范围
