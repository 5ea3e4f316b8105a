//! A shelf; ü.
use std::collections::HashMap;

/// What lies on it.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    name: &'a str, // borrowed
    weight: u32,
}

pub enum Found {
    Here(usize),
    Nowhere,
}

pub trait Holds {
    fn total(&self) -> u32;
    fn is_light(&self) -> bool {
        self.total() < limit()
    }
}

#[derive(Default)]
pub struct Shelf<'a> {
    items: HashMap<String, Item<'a>>,
}

impl<'a> Holds for Shelf<'a> {
    fn total(&self) -> u32 {
        self.items.values().map(|i| i.weight).sum()
    }
}

impl<'a> Shelf<'a> {
    /// Puts one there.
    #[inline]
    pub fn put(&mut self, item: Item<'a>) -> Option<Item<'a>> {
        let text = r#"a { brace
  in a string"#;
        assert!(!text.is_empty());
        self.items.insert(item.name.to_string(), item)
    }

    pub async fn nothing(&self) {}
}

pub(crate) const fn limit() -> u32 {
    10
}

mod inner {
    pub fn twice(x: u32) -> u32 {
        super::limit() + x * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_light() {
        assert!(Shelf::default().is_light());
    }
}
