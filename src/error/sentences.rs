//! The table of an enum of errors: each variant once, with its documentation, its fields and its sentence.

/// Makes the enum with `name()`, `Display` and `Error`. A sentence is a format string over the variant's fields.
macro_rules! sentences {
    ($(#[$meta:meta])* pub enum $enum:ident { $(
        $(#[$doc:meta])*
        $variant:ident
        $( ( $($item:ident: $item_type:ty),+ ) )?
        $( { $( $(#[$field_doc:meta])* $field:ident: $field_type:ty ),+ } )?
        = $text:literal $(, $argument:expr)*;
    )+ }) => {
        $(#[$meta])*
        pub enum $enum { $(
            $(#[$doc])*
            $variant $( ( $($item_type),+ ) )? $( { $( $(#[$field_doc])* $field: $field_type ),+ } )?,
        )+ }

        crate::role::stable_names! { $enum: $($variant)+ }

        impl core::fmt::Display for $enum {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self { $(
                    $enum::$variant $( ( $($item),+ ) )? $( { $($field),+ } )? => write!(f, $text $(, $argument)*),
                )+ }
            }
        }

        impl core::error::Error for $enum {}
    };
}
pub(crate) use sentences;
