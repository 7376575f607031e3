//! The language of messages. Help texts are English, and so is what is wrong with a command line or a file here; what
//! a person reads along the way, and what a node answers, comes in English or in Chinese.

use std::borrow::Cow;

use clap::ValueEnum;
use qianmo_proto::{ErrorCode, WireError};

/// English or Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    En,
    Zh,
}

impl Lang {
    /// The text in this language.
    pub(crate) const fn pick<'t>(self, en: &'t str, zh: &'t str) -> &'t str {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }

    /// A node's error in this language, without its code. Where the node has no Chinese words, its English ones
    /// follow the meaning of the code: they know names and places.
    pub(crate) fn error(self, error: &WireError) -> Cow<'_, str> {
        match (self, &error.message_zh) {
            (Self::En, _) => Cow::Borrowed(&error.message),
            (Self::Zh, Some(message)) => Cow::Borrowed(message),
            (Self::Zh, None) => {
                let (meaning, advice) = in_chinese(error.code);
                Cow::Owned(format!("{meaning}。{advice}详情：{}", error.message))
            }
        }
    }
}

/// What a code means and what to do about it. docs/errors.md is checked against it.
const fn in_chinese(code: ErrorCode) -> (&'static str, &'static str) {
    use ErrorCode::*;
    match code {
        BadRequest => ("请求无法解析", "请使用相同版本的客户端；若是自编程序，详情中写明 JSON 出错的位置。"),
        TooLarge => ("超过长度上限", "请减少内容；详情中写明了上限。"),
        UnknownKind => ("未知的请求种类", "节点比客户端旧，请升级节点。"),
        UnknownVersion => ("版本不被支持", "客户端与节点版本不同，请升级较旧的一方。"),
        Incomplete => ("数据流不完整或超时", "请重试；若一再出现，请检查网络。"),
        NotFound => ("没有此对象，或无权查看", "请用 ls 查看现有对象；无权查看的对象也如此答复。"),
        Conflict => ("与现有状态冲突", "请先用 show 查看其状态。"),
        Busy => ("节点繁忙", "请稍候再试。"),
        Role => ("角色无权执行", "请由具备该角色的人员执行；详情中写明了所依据的策略。"),
        Signature => ("签名不成立", "请用所附证书对应的私钥重新签名。"),
        Certificate => (
            "证书无效、已撤销、已过期，或 CRL 缺失、过期",
            "请更新证书，或放入最新的 crl.pem；详情中写明是哪一种。",
        ),
        Signer => ("签名人与连接人不一致", "签名和发送须为同一人。"),
        Dataset => ("数据集描述、数据源或视图有误", "请更正描述、数据文件或视图；详情中写明了何处有误。"),
        Model => ("模型不合格", "请修改模型；详情中写明了不允许之处。"),
        Denied => ("策略拒绝", "请阅读详情中指明的策略；作业可用 qianmo job why 查看。"),
        Contract => {
            ("合约不存在、未生效、已过期、已撤销或次数用尽", "请用 qianmo request new 申请新的合约。")
        }
        Order => ("作业与合约授权不符", "请按合约授权下达作业，或另行申请合约。"),
        Source => ("运行时数据源无法读取", "原因可由该部门的数据管理员用 qianmo job logs 查看。"),
        ModelFailed => (
            "模型运行失败；取得数据行之后，达到限额亦归此类",
            "请修改模型或参数；模型的消息可由数据管理员用 qianmo job logs 查看。",
        ),
        Limit => ("取得数据行之前超过运行限额", "请减少模型的工作量，或请节点的系统管理员提高限额。"),
        Stopped => ("已被停止", "请用 qianmo job why 和 qianmo contract show 查看。"),
        Held => ("结果待数据管理员审核", "请等候数据管理员用 qianmo result release 或 withhold 决定。"),
        Withheld => ("结果不予放行", "请与数据管理员联系；理由可用 qianmo job why 查看。"),
        Interrupted => {
            ("作业因节点两次中断而放弃", "请重新下达作业，此次未计次数；并告知该部门的系统管理员。")
        }
        PeerUnreachable => ("对等节点不可达", "请确认对方节点正在运行，且 qianmo peer ls 中的地址正确。"),
        TrailUnavailable => (
            "存证无法写入，故拒绝一切操作",
            "请在节点的磁盘上腾出空间；没有执行任何操作，也没有丢失任何内容。",
        ),
        Storage => ("节点磁盘无法读写", "请在节点的磁盘上腾出空间，并确认其目录可写；没有执行任何操作。"),
        ShuttingDown => ("节点正在关闭", "请待节点恢复后再试。"),
        Internal => ("节点内部错误", "请查看节点日志并报告。"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_told_in_either_language_and_only_that() {
        let documented = include_str!("../../../docs/errors.md");
        for code in ErrorCode::ALL {
            let error = WireError::new(*code, "words");
            assert_eq!(Lang::En.error(&error), "words");
            let (meaning, advice) = in_chinese(*code);
            assert_eq!(Lang::Zh.error(&error), format!("{meaning}。{advice}详情：words"));
            let row = documented.lines().find(|row| row.starts_with(&format!("| {code} |"))).unwrap();
            assert!(row.contains(&format!("| {meaning} |")), "{row} has another meaning than {meaning}");
            assert!(row.ends_with(&format!("| {advice} |")), "{row} has another advice than {advice}");

            let both = error.with_zh("中文");
            assert_eq!((Lang::En.error(&both), Lang::Zh.error(&both)), ("words".into(), "中文".into()));
        }
    }
}
