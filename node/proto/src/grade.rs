//! Grades and sharing classes: GB/T 43697-2024 and the 政务数据共享条例 (State Council Decree 809).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ids::serde_as_string;

/// Grade of a field or dataset (GB/T 43697-2024): general 1 to 4, important, core, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// 一般数据, level 1 to 4.
    General(GeneralLevel),
    /// 重要数据.
    Important,
    /// 核心数据.
    Core,
}

/// Level 1 to 4 of general data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GeneralLevel {
    /// Level 1, harmless when public.
    L1,
    /// Level 2.
    L2,
    /// Level 3.
    L3,
    /// Level 4, the highest of general data.
    L4,
}

impl Grade {
    /// All grades in rising order.
    pub const ALL: [Self; 6] = [
        Self::General(GeneralLevel::L1),
        Self::General(GeneralLevel::L2),
        Self::General(GeneralLevel::L3),
        Self::General(GeneralLevel::L4),
        Self::Important,
        Self::Core,
    ];

    /// The word used in descriptors, policies and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::General(GeneralLevel::L1) => "general-1",
            Self::General(GeneralLevel::L2) => "general-2",
            Self::General(GeneralLevel::L3) => "general-3",
            Self::General(GeneralLevel::L4) => "general-4",
            Self::Important => "important",
            Self::Core => "core",
        }
    }

    /// Position in the rising order, 1 (general-1) to 6 (core): what policies compare.
    pub const fn rank(self) -> u8 {
        match self {
            Self::General(GeneralLevel::L1) => 1,
            Self::General(GeneralLevel::L2) => 2,
            Self::General(GeneralLevel::L3) => 3,
            Self::General(GeneralLevel::L4) => 4,
            Self::Important => 5,
            Self::Core => 6,
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no grade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a grade: use general-1, general-2, general-3, general-4, important or core")]
pub struct GradeError(String);

impl FromStr for Grade {
    type Err = GradeError;

    fn from_str(text: &str) -> Result<Self, GradeError> {
        let found = Self::ALL.into_iter().find(|grade| grade.as_str() == text);
        found.ok_or_else(|| GradeError(text.to_owned()))
    }
}

serde_as_string!(Grade);

/// Sharing class of a dataset (Decree 809, chapter 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sharing {
    /// 无条件共享.
    Unconditional,
    /// 有条件共享.
    Conditional,
    /// 不予共享.
    Withheld,
}

impl Sharing {
    /// The word used in descriptors, policies and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unconditional => "unconditional",
            Self::Conditional => "conditional",
            Self::Withheld => "withheld",
        }
    }
}

impl fmt::Display for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether a field says something about a person, and how directly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    /// Not about a person.
    #[default]
    None,
    /// 个人信息.
    Personal,
    /// 敏感个人信息.
    Sensitive,
    /// Names a person by itself: identity number, phone number.
    Identifier,
}

impl Sensitivity {
    /// The word used in descriptors, policies and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Personal => "personal",
            Self::Sensitive => "sensitive",
            Self::Identifier => "identifier",
        }
    }
}

impl fmt::Display for Sensitivity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_rank_and_text_agree() {
        for pair in Grade::ALL.windows(2) {
            assert!(pair[0] < pair[1]);
            assert_eq!(pair[0].rank() + 1, pair[1].rank());
        }
        for grade in Grade::ALL {
            assert_eq!(grade.to_string().parse::<Grade>().unwrap(), grade);
        }
        assert!("general-5".parse::<Grade>().is_err());
        assert!("secret".parse::<Grade>().is_err());
    }
}
