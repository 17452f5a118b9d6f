//! Values that crates hand in where they are written and that one place goes through, by the interface of the
//! published crate `inventory`.
//!
//! That crate registers everything in every build. tract registers a reader of the NNEF format with it, which
//! mentions every operator there is, and its matrix kernels, which in wasm nothing calls: `rapport-inference` has its
//! own. A wasm module held three megabytes of such code. This crate registers the same natively and nothing in wasm, and
//! the linker drops it.
#![no_std]

use core::cell::UnsafeCell;
use core::convert::Infallible;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// Types whose values can be handed in; made by [`collect!`].
pub trait Collect: Sync + Sized + 'static {
    #[doc(hidden)]
    fn registry() -> &'static Registry;
}

/// All values of one type that were handed in, newest first.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registry {
    head: AtomicPtr<Node>,
}

impl Registry {
    #[doc(hidden)]
    #[allow(clippy::new_without_default)]
    #[must_use]
    pub const fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()) }
    }
}

/// One value and the one that was handed in before it.
#[doc(hidden)]
pub struct Node {
    pub value: &'static dyn Erased,
    pub place: Place,
}

/// Where a node stands in its registry.
#[doc(hidden)]
#[derive(Debug)]
pub struct Place {
    entered: AtomicBool,
    next: UnsafeCell<Option<&'static Node>>,
}

impl Place {
    #[doc(hidden)]
    #[allow(clippy::new_without_default)]
    #[must_use]
    pub const fn new() -> Self {
        Self { entered: AtomicBool::new(false), next: UnsafeCell::new(None) }
    }
}

// SAFETY: values are `Sync`; `next` is written once, by the only call of `enter` that finds `entered` false, before
// the node can be reached from a registry.
unsafe impl Sync for Place {}

/// A value whose type only its registry knows.
#[doc(hidden)]
pub trait Erased: Sync {
    fn registry(&self) -> &'static Registry;
}

impl<T: Collect> Erased for T {
    fn registry(&self) -> &'static Registry {
        T::registry()
    }
}

impl core::fmt::Debug for Node {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Node").finish_non_exhaustive()
    }
}

impl Node {
    /// Puts the value into its registry; wasm may run what runs at the start twice.
    #[doc(hidden)]
    pub fn enter(&'static self) {
        if self.place.entered.swap(true, Ordering::Relaxed) {
            return;
        }
        let head = &self.value.registry().head;
        let mut first = head.load(Ordering::Acquire);
        loop {
            // SAFETY: see `Sync`; `first` is null or came from a `&'static Node` below.
            unsafe { *self.place.next.get() = first.as_ref() };
            let new = ptr::from_ref(self).cast_mut();
            match head.compare_exchange(first, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(other) => first = other,
            }
        }
    }
}

/// All values of a type, newest first: `for value in iter::<Type>`, or `iter::<Type>()` for the iterator.
#[derive(Debug)]
pub enum All<T> {
    /// The one value of this type.
    #[allow(non_camel_case_types)]
    iter,
    #[doc(hidden)]
    Never(PhantomData<T>, Infallible),
}

pub use All::iter;

fn all<T: Collect>() -> Iter<T> {
    // SAFETY: the head is null or came from a `&'static Node`.
    Iter { node: unsafe { T::registry().head.load(Ordering::Acquire).as_ref() }, values: PhantomData }
}

impl<T: Collect> IntoIterator for All<T> {
    type Item = &'static T;
    type IntoIter = Iter<T>;

    fn into_iter(self) -> Iter<T> {
        all()
    }
}

// So that it can be called.
impl<T: Collect> Deref for All<T> {
    type Target = fn() -> Iter<T>;

    fn deref(&self) -> &Self::Target {
        &(all as fn() -> Iter<T>)
    }
}

/// See [`All`].
#[derive(Debug)]
pub struct Iter<T: 'static> {
    node: Option<&'static Node>,
    values: PhantomData<&'static T>,
}

impl<T: Collect> Iterator for Iter<T> {
    type Item = &'static T;

    fn next(&mut self) -> Option<&'static T> {
        let node = self.node?;
        // SAFETY: only nodes whose value is a `T` enter the registry of `T`, and a node in a registry is not written.
        unsafe {
            self.node = *node.place.next.get();
            Some(&*ptr::from_ref(node.value).cast::<T>())
        }
    }
}

/// Whether anything is registered in this build.
#[doc(hidden)]
pub const REGISTERS: bool = !cfg!(target_family = "wasm");

/// Runs in the place of a registration that is left out.
#[doc(hidden)]
pub extern "C" fn nothing() {}

/// Lets values of a type be handed in: `collect!(Type);`
#[macro_export]
macro_rules! collect {
    ($type:ty) => {
        impl $crate::Collect for $type {
            #[inline]
            fn registry() -> &'static $crate::Registry {
                static REGISTRY: $crate::Registry = $crate::Registry::new();
                &REGISTRY
            }
        }
    };
}

/// Hands a constant value in: `submit! { value }`.
#[macro_export]
macro_rules! submit {
    ($($value:tt)*) => {
        const _: () = {
            // Written out, so that the value becomes a constant.
            static NODE: $crate::Node =
                $crate::Node { value: &{ $($value)* }, place: $crate::Place::new() };
            extern "C" fn enter() {
                NODE.enter();
            }
            // Where a system looks for functions that run before all others.
            #[used]
            #[cfg_attr(not(any(target_vendor = "apple", windows)), unsafe(link_section = ".init_array"))]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func,mod_init_funcs"))]
            #[cfg_attr(windows, unsafe(link_section = ".CRT$XCU"))]
            static START: extern "C" fn() =
                if $crate::REGISTERS { enter } else { $crate::nothing };
        };
    };
}

#[cfg(test)]
mod tests {
    struct Word(&'static str);
    collect!(Word);
    submit! { Word("one") }
    submit! { Word("two") }

    struct Nothing;
    collect!(Nothing);

    #[test]
    fn what_is_handed_in_is_found() {
        let mut found = [""; 3];
        for (place, word) in found.iter_mut().zip(crate::iter::<Word>()) {
            *place = word.0;
        }
        found.sort_unstable();
        assert_eq!(found, ["", "one", "two"]);
        assert_eq!(crate::iter::<Nothing>.into_iter().count(), 0);
    }
}
