# 命令行帮助。键为 help- 加命令名，属性为参数名；各命令共有的参数在 help-any。
# 英文帮助写在命令本身（文档注释），此处只有中文；测试逐一核对每个命令和参数。

help-any =
    .json = 以一个 JSON 文档输出；错误也以 JSON 写到标准错误
    .lang = 消息的语言，en 或 zh；默认随系统区域设置
    .verbose = 在标准错误输出更多信息；-vv 输出全部
    .help = 显示帮助
    .version = 显示版本
    .context = 使用此上下文，而非当前上下文（见 `qianmo context`）
    .identity = 您的文件夹，内有 id.key、id.crt、root.crt 和 crl.pem
    .passphrase_file = 存放私钥口令的文件
    .node = 您的归属节点，qianmo://部门/node/名称
    .address = 归属节点的监听地址
    .on = 改问此部门的节点；其地址由归属节点提供
    .limit = 最多列出多少条：最新的，默认 100 条；以 JSON 输出时默认全部
    .all = 全部列出
    .state = 仅列出处于此状态的
    .case = 仅列出此文号的
    .person = 仅列出此人员（数据使用人员）的
    .since = 仅列出此时之后的：7d 即最近 7 天，或日期，或带时区的时间
    .until = 仅列出此时之前的：日期指当日结束

# 帮助的框架：键中的英文由 clap 写出，换成此处的文字。
help-frame =
    .usage = 用法：
    .commands = 命令：
    .arguments = 参数：
    .options = 选项：
    .global = 通用选项：
    .connection = 连接选项：
    .any-options = [选项]
    .any-command = <命令>
    .default = [默认：

help = 政务部门之间的隐私保护数据交换：数据不动，模型动。
    .long = 退出码：0 完成，1 失败，2 已被篡改，3 无法判定，4 被拒绝，5 无法连接，6 待审，
        7 输入有误，8 稍后再试，9 结果不完整，130 被中断。

help-demo = 在本机展示阡陌全貌：三家医院，一个模型，数据不动
    .dir = 存放联邦的文件夹；默认为临时文件夹，结束时删除
    .keep = 保留运行中的节点，并给出可继续尝试的命令

help-ca = 联邦的根证书：建立、签发、撤销
help-ca-init = 在新文件夹中建立根证书
    .dir = 证书认证机构的文件夹
    .passphrase_file = 根私钥的口令文件；`ca init` 用它加密新的私钥
    .title = 根证书中联邦的名称
    .years = 根证书有效年数
help-ca-show = 显示证书请求的内容，不签发
    .csr = 证书请求：`qianmo init` 生成的 node.csr，或 `qianmo id new` 生成的 id.csr
help-ca-issue = 签发证书请求；签发前须核实申请人
    .csr = 证书请求：`qianmo init` 生成的 node.csr，或 `qianmo id new` 生成的 id.csr
    .expect = 请求应属于谁，qianmo://部门/角色/名称；不符则不签发
    .yes = 不再询问；须与 --expect 同用
    .out = 证书写入何处；默认与证书请求同一文件夹
    .days = 证书有效天数
    .renew = 该身份已有有效证书时仍签发
    .dir = 证书认证机构的文件夹
    .passphrase_file = 根私钥的口令文件；`ca init` 用它加密新的私钥
help-ca-ls = 列出已签发的证书
    .dir = 证书认证机构的文件夹
    .passphrase_file = 根私钥的口令文件；`ca init` 用它加密新的私钥
help-ca-revoke = 撤销证书；随后应立即发布新的证书撤销列表（`qianmo ca crl`）
    .certificate = 证书文件，或其十六进制序列号
    .reason = 原因：unspecified（未说明）、key-compromise（私钥泄露）、affiliation-changed（隶属变更）、
        superseded（已被取代）、cessation-of-operation（停止运行）、privilege-withdrawn（权限收回）
    .dir = 证书认证机构的文件夹
    .passphrase_file = 根私钥的口令文件；`ca init` 用它加密新的私钥
help-ca-crl = 生成证书撤销列表；所有节点和人员均须持有未过期的列表
    .out = 列表写入何处
    .hours = 多少小时内须有更新的列表；逾期未更新，节点将拒绝一切连接
    .dir = 证书认证机构的文件夹
    .passphrase_file = 根私钥的口令文件；`ca init` 用它加密新的私钥

help-init = 建立节点文件夹：密钥、配置、证书请求
    .dir = 节点的文件夹
    .department = 节点所属部门
    .name = 节点在部门内的名称
    .title = 部门名称，供人阅读
    .passphrase_file = 口令文件：新私钥以其加密
    .host = 节点的其他主机名或地址，写入证书；可重复
    .listen = 供其他节点和人员连接的 UDP 地址；端口 0 表示任选空闲端口

help-id = 个人的密钥和证书
help-id-new = 在新文件夹中生成密钥和证书请求
    .dir = 存放个人文件的文件夹
    .department = 所属部门
    .passphrase_file = 口令文件：新私钥以其加密
    .role = 角色：`admin`（系统管理员）、`steward`（数据管理员）、`consumer`（数据使用人员）或 `auditor`（审计人员）
    .name = 姓名代号：a-z、0-9、“-”和“_”
help-id-show = 显示文件夹属于谁，证书有效期至何时

help-config = 节点的配置
help-config-check = 读取 qianmo.toml，一次指出其中所有错误
    .dir = 节点的文件夹

help-serve = 运行节点，直至收到 SIGTERM 或 Ctrl-C
    .dir = 节点的文件夹

help-context = 上下文：以何身份连接哪个节点
help-context-add = 新增或替换上下文
    .name = 上下文的名称
help-context-use = 设为当前上下文
    .name = 上下文的名称
help-context-ls = 列出上下文；当前上下文带星号
help-context-rm = 移除上下文
    .name = 上下文的名称

help-node = 节点的身份
help-node-show = 显示节点及其版本、存证，以及连接的保护方式

help-peer = 节点所知的其他节点
help-peer-add = 登记另一个节点（系统管理员）
    .peer = 另一个节点，qianmo://部门/node/名称
    .at = 其监听地址，主机:端口
help-peer-ls = 列出已登记的节点
help-peer-rm = 移除节点（系统管理员）
    .peer = 节点

help-data = 节点上架的数据集
help-data-add = 按描述文件上架数据集（数据管理员）
    .descriptor = 描述文件，TOML 格式
help-data-ls = 列出节点的数据集
help-data-show = 显示数据集及其字段
    .name = 数据集的名称
help-data-rm = 下架数据集（数据管理员）；数据仍在原处
    .name = 数据集的名称

help-catalog = 在整个联邦中查找数据集
help-catalog-search = 查找包含所有关键词的数据集：名称、目录、说明、字段
    .words = 关键词；不给则列出全部
    .local = 只查本节点，不查其他节点

help-model = 将模型送达节点
help-model-push = 将模型送达节点，此后合约可指明该模型（数据使用人员）
    .model = .wasm 文件，或随程序提供的模型：stats、glm
    .name = 供人阅读的名称；默认为文件名
    .description = 模型计算什么
    .everywhere = 送达归属节点及其所知的全部节点
help-model-ls = 列出节点已有的模型
help-model-show = 显示模型及其完整摘要，并在本机核验作者的签名
    .model = 模型的名称或摘要，或摘要的开头部分
help-model-get = 取回模型组件，供批准前审阅（数据管理员、作者本人、审计人员）
    .model = 模型的名称或摘要，或摘要的开头部分
    .out = 将组件写入此文件，签名的清单写在旁边（文件名.manifest.json）

help-request = 合约的申请与答复
help-request-new = 向数据提供部门申请合约（数据使用人员）
    .dataset = 数据集，写作“部门/名称”
    .fields = 使用范围：模型可读取的字段，以逗号分隔；或 all 表示全部
    .model = 模型的名称或摘要，须已送达提供部门的节点；可重复
    .purpose = 使用场景
    .basis = 使用依据
    .case_number = 文号
    .until = 使用时限，最长五年：30d 或 30天、12h 或 12小时、日期（至当地该日结束），或带时区的时间
    .runs = 授权运行次数，最多 10,000；一次联邦运行计一次
    .rounds = 一次联邦运行最多的轮数，不超过 10,000
    .params = 固定参数：JSON，或 @文件
    .output = 共享方式，即可输出的内容：aggregate（汇总结果）、update（联邦更新）；默认依模型而定
    .min_cell = 结果中每个单元格的最少记录数
    .strings = 结果表可含文本列
help-request-ls = 列出您可查看的申请
    .dataset = 仅列出此数据集的，写作“部门/名称”
help-request-show = 显示申请及其条款
    .id = 申请编号，或其开头部分
help-request-approve = 签署申请的条款，使其成为合约（数据管理员）
    .id = 申请编号，或其开头部分
    .note = 写入合约的备注
    .yes = 不再询问
help-request-deny = 拒绝申请（数据管理员）
    .id = 申请编号，或其开头部分
    .reason = 理由；申请人可见

help-contract = 有效的合约、剩余次数与终止
help-contract-ls = 列出您可查看的合约
    .dataset = 仅列出此数据集的，写作“部门/名称”
help-contract-show = 显示合约及其条款和剩余次数
    .id = 合约编号，或其开头部分
help-contract-revoke = 终止合约并停止其作业（数据管理员，或合约的使用人员）
    .id = 合约编号，或其开头部分
    .reason = 理由；对方可见

help-job = 作业：依一份合约，在一个数据集上运行一个模型
help-job-run = 下达作业并等待结果（数据使用人员）
    .contract = 合约编号，或其开头部分；在归属节点所知的每个节点上查找
    .model = 模型摘要或其开头部分，用于合约授权多个模型时
    .dataset = 数据集，用于核对
    .params = 参数：JSON，或 @文件
    .detach = 不等待结束
help-job-check = 检查下达作业会有何结果：不读取数据行，不计次（数据使用人员）
    .contract = 合约编号，或其开头部分；在归属节点所知的每个节点上查找
    .model = 模型摘要或其开头部分，用于合约授权多个模型时
    .dataset = 数据集，用于核对
    .params = 参数：JSON，或 @文件
help-job-ls = 列出您可查看的作业
    .dataset = 仅列出此数据集的，写作“部门/名称”
help-job-show = 显示作业
    .id = 作业编号，或其开头部分
help-job-why = 说明作业为何被允许、拒绝或待审
    .id = 作业编号，或其开头部分
help-job-logs = 显示模型的日志（数据管理员）
    .id = 作业编号，或其开头部分
help-job-stop = 停止作业（下达作业的人员，或数据管理员）
    .id = 作业编号，或其开头部分

help-run = 联邦运行，由本机协调（数据使用人员）
    .model = .wasm 文件或随程序提供的模型：协调方的部分在本机运行
    .contracts = 合约编号或其开头部分，以逗号分隔，每个参与方一份
    .datasets = 数据集，写作“部门/名称”，以逗号分隔；两者均不给则为该模型有合约的全部数据集
    .params = 各参与方的参数：JSON，或 @文件
    .dry_run = 检查每个参与方，在第一轮之前停止：不读取数据行，不计次
    .anyway = 即使检查发现某参与方的更新将待审，仍然运行
    .out = 将报告写入此文件，JSON 格式

help-result = 取回结果；放行待审结果或不予放行
help-result-ls = 列出您的结果；加 --held 则列出待数据管理员审核的结果
    .dataset = 仅列出此数据集的，写作“部门/名称”
    .held = 只列出待审结果
help-result-get = 取回已放行的结果，并核对节点的回执
    .id = 作业编号，或其开头部分
    .out = 将原始字节写入此文件，签名回执写在旁边（文件名.receipt.json）
help-result-show = 决定之前显示待审结果和各项规则的发现（数据管理员）；记入存证
    .id = 作业编号，或其开头部分
    .out = 将原始字节写入此文件
help-result-release = 放行待审结果（数据管理员）
    .id = 作业编号，或其开头部分
    .reason = 理由；写入存证
help-result-withhold = 不予放行待审结果，且不可更改（数据管理员）
    .id = 作业编号，或其开头部分
    .reason = 理由；下达作业的人员可见

help-audit = 查阅和验证存证
help-audit-ls = 列出条目，默认为最新的条目（审计人员、数据管理员、系统管理员）
    .from = 第一条的序号；不给则从最新的条目算起
    .limit = 条数
help-audit-show = 完整显示一个条目
    .seq = 序号，从 0 开始
help-audit-verify = 验证全部存证：退出码 0 为 VERIFIED（验证通过），2 为 TAMPERED（已被篡改），3 为 INCONCLUSIVE（无法判定）
    .dir = 验证节点文件夹（或其 trail 文件夹）的副本，而不询问节点
    .root = 联邦的根证书，须来自可信渠道；没有它就不会得出 VERIFIED
    .crl = 联邦的证书撤销列表；默认为文件夹中的 crl.pem
    .certificate = 节点的证书；默认为文件夹中的 node.crt
