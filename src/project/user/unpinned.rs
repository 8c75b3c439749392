//! Accounts whose uid or gid is left to chance.

use super::accounts::{Account, Group, Id, Made};
use super::{Answer, User};

/// The account that an image runs as, where its ids are whatever is free when it is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpinned<'u> {
    /// The account.
    pub account: &'u Account,
    /// Where it was made.
    pub made: Made,
    /// Whether its uid is free.
    pub uid: bool,
    /// Whether its gid, or that of the group behind the colon, is free.
    pub gid: bool,
    /// The name of the group.
    pub group_name: Option<&'u str>,
    /// The group, where it is known.
    pub group: Option<&'u Group>,
}

impl User {
    /// The gid of the account that the image runs as, where it is in no other group.
    pub fn only_group(&self) -> Option<u32> {
        let name = self.text.as_deref()?.split(':').next()?;
        let account = self.accounts.users.get(name)?;
        account.gid.number().filter(|_| !self.accounts.memberships.contains_key(name))
    }

    /// Whether the account that the image runs as has ids that nobody fixed.
    pub fn unpinned(&self) -> Option<Unpinned<'_>> {
        let account = self.account.as_ref().filter(|_| self.answer == Answer::NotRoot)?;
        let made = account.made?;
        // A group behind the colon is what counts, whatever the account's own one is.
        let behind = self.text.as_deref().and_then(|text| text.split_once(':')).map(|(_, group)| group);
        let named = behind.filter(|group| group.parse::<u32>().is_err());
        let group_name = named.or(account.group.as_deref());
        let group = group_name.and_then(|name| self.accounts.groups.get(name));
        let gid = match (behind, named) {
            (Some(_), Some(_)) => group.map_or(Id::Unknown, |group| group.gid),
            (Some(_), None) => Id::Unknown,
            (None, _) => account.gid,
        };
        let (uid, gid) = (account.uid == Id::Free, gid == Id::Free);
        (uid || gid).then_some(Unpinned { account, made, uid, gid, group_name, group })
    }
}
