# 下层各库的错误。英文写在错误本身，此处只有中文。
error-other = 详情（英文）：{ $error }
file-error = { $path }：{ $error }

io-not-found = 没有此文件或文件夹
io-permission = 权限不足
io-exists = 已存在
io-is-folder = 这是文件夹，不是文件
io-no-folder = 路径中有一部分不是文件夹
io-full = 磁盘空间不足
io-not-utf8 = 不是 UTF-8 文本

name = `{ $text }` 不是名称：须为 1 至 63 个字符，只用 a-z、0-9、“-”和“_”，以字母或数字开头
name-dataset = `{ $text }` 不是数据集：请写作“部门/数据集”，例如 hospital-a/screening
name-identity = `{ $text }` 不是身份：请写作 qianmo://部门/角色/名称，角色为 node、admin、steward、consumer 或 auditor
name-id = `{ $text }` 不是编号：应为 { $prefix }- 后接 20 位十六进制数字

crypto-random = 系统的随机数发生器失效，没有签名或封存任何内容；请检查本机的 getrandom(2)
crypto-secret-key = 不是 SM2 私钥；请使用曲线 sm2p256v1 的 PKCS#8 PEM 文件
crypto-key-file = 私钥文件无法使用：{ $why }
crypto-passphrase = 私钥无法打开：口令错误，或文件已损坏
crypto-signature = SM2 签名验证不通过：消息、用户标识或密钥不一致

key-unreadable = 无法读取密钥文件 { $path }：{ $error }
key-open-to-others = 密钥文件 { $path } 可被他人读取（权限 { $mode }）；请执行：chmod 600 { $path }
key-locked = { $path } 中的私钥已加密；请指明口令文件：人员用 --passphrase-file，节点用 qianmo.toml 中 [node] 的 passphrase
key-kek = { $path } 中的密钥加密密钥不是 32 位十六进制数字；请从备份恢复

part-certificate = 证书
part-request = 证书请求
part-list = 证书撤销列表
cert-malformed = 无法读取{ $what }（{ $reason }）；请检查文件是否正确、复制是否完整
cert-no-root = 信任文件中没有根证书；请放入联邦的 root.crt
cert-not-a-ca = 信任文件中的 { $name } 不是证书认证机构的证书；请移除
cert-unknown-ca = 该证书由 { $issuer } 签发，不属于本联邦；请向本联邦的证书认证机构申请，或将其根证书加入信任文件
cert-bad-signature = { $what }的签名不属于所称的签发机构，系被改动或伪造：请勿使用
cert-algorithm = { $what }未采用 SM2 和 SM3；请用 `qianmo id new` 或 `qianmo init` 生成新的密钥
cert-expired = 证书已于 { $at } 到期；请重新申请（`qianmo ca issue --renew`）；如有疑问，请检查本机时钟
cert-not-yet = 证书自 { $at } 起生效；请检查本机和证书认证机构的时钟
cert-ca-expired = 证书认证机构 { $issuer } 的证书不在有效期内；请安装新的根证书
cert-revoked = 证书 { $serial } 已于 { $at } 被撤销；持有人须申请新的密钥和证书
cert-no-list = 没有 { $issuer } 的证书撤销列表，因此不接受其签发的任何证书；请取得最新的列表（由 `qianmo ca crl` 生成）
cert-stale-list = { $issuer } 的证书撤销列表已于 { $at } 过期，因此不接受其签发的任何证书；请取得最新的列表
cert-future-list = 证书撤销列表的日期 { $at } 晚于当前时间；请检查本机时钟
cert-bad-list = { $issuer } 的证书撤销列表无法使用（{ $reason }）；请取得完整、最新的列表
cert-older-list = 该证书撤销列表的编号为 { $offered }，早于正在使用的 { $held }；请取得最新的列表
cert-no-identity = 证书中没有阡陌身份（{ $reason }）；请用 `qianmo` 生成的证书请求重新申请
cert-wrong-usage = { $holder } 的证书不得用于此用途；请按正确的用途申请证书
cert-wrong-role = { $found } 不是节点；请连接节点
cert-wrong-peer = 应为 { $expected }，实为 { $found }；请核对地址和身份
cert-key-mismatch = { $holder } 的证书对应另一私钥；请放入为本密钥的证书请求签发的证书
cert-none = 对方未出示证书；请用本联邦的证书连接

ca-title = 名称须为 1 至 64 个字符，不含控制字符；请另选
ca-years = 根证书的有效期为 1 至 { $max } 年
ca-days = 无法签发有效期 { $asked } 天的证书；请选择 1 至 { $max } 天
ca-already-issued = { $identity } 已有有效证书 { $serial }；如持有人申请换发，请加 --renew；如私钥可能遗失，请撤销旧证书
ca-key-reused = { $identity } 的请求中的密钥属于 { $other }；每个身份须有自己的密钥
ca-host = { $identity } 申请主机名 { $host }，但只有节点可有主机名；请去掉后重新申请
ca-unknown-serial = 本机构没有签发过序列号为 { $serial } 的证书；可用 `qianmo ca ls` 列出
ca-already-revoked = 证书 { $serial } 已于 { $at } 撤销；无须再次撤销
ca-none = { $dir } 中没有证书认证机构；请用 `qianmo ca init` 建立，或给出其文件夹
ca-there = { $dir } 中已有证书认证机构，未作改动；请另选文件夹
ca-busy = { $dir } 中的证书认证机构正被另一进程使用；请稍后再试
ca-key-readable = { $path } 可被他人读取；请查明谁可能复制过它，然后执行 chmod 600
ca-locked = { $path } 已加密；请指明口令文件：--passphrase-file
ca-not-locked = { $path } 没有加密，不需要口令；请去掉 --passphrase-file，或恢复已加密的私钥
ca-passphrase = { $path } 无法打开：口令错误，或文件已损坏
ca-key-mismatch = { $dir } 中的 root.key 与 root.crt 不匹配；请从同一备份恢复
ca-damaged = { $path } 已损坏（{ $reason }）；请从备份恢复

model-no-module = 这不是 WebAssembly 核心模块：请给出 cargo 为 wasm32-unknown-unknown 编译的 .wasm 文件
model-interface = 模块不符合其接口：{ $why }；模型须使用 qianmo-guest 的导出宏
model-size = 组件有 { $bytes } 字节，上限为 { $limit }；请精简或拆分模型
model-not-wasm = 这不是 WebAssembly：组件以字节 00 61 73 6d 0d 00 01 00 开头
model-native = 这是编译后的机器码，一概不接受：请提交其来源的 WebAssembly 组件
model-core-module = 这是核心模块，不是组件：请用 qianmo-guest 编译并打包
model-invalid = 组件不符合此处允许的特性（WebAssembly 2.0）：{ $why }
model-import = 组件引入了模型不得使用的 `{ $name }`
model-exports = 组件导出了 [{ $found }]；模型须只导出 `run`（分析），或只导出 `contribute` 和 `next`（联邦）
model-encoding = 组件以 UTF-16 传递字符串；请改用 UTF-8
