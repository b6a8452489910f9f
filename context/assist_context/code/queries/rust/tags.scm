; Rust. An `impl` is not a definition, but the parent of its members.
(function_item name: (identifier) @name body: (block) @body) @def.function
(function_signature_item name: (identifier) @name) @def.function
(struct_item name: (type_identifier) @name body: (field_declaration_list) @body) @def.struct
(struct_item name: (type_identifier) @name) @def.struct
(union_item name: (type_identifier) @name body: (_) @body) @def.struct
(enum_item name: (type_identifier) @name body: (_) @body) @def.enum
(enum_variant name: (identifier) @name) @def.constant
(trait_item name: (type_identifier) @name body: (_) @body) @def.trait
(type_item name: (type_identifier) @name) @def.type
(const_item name: (identifier) @name) @def.constant
(static_item name: (identifier) @name) @def.variable
(macro_definition name: (identifier) @name) @def.macro
(mod_item name: (identifier) @name body: (_) @body) @def.module
(field_declaration name: (field_identifier) @name) @def.field
(impl_item type: [(type_identifier) (primitive_type)] @name) @scope.class
(impl_item type: [(reference_type) (array_type) (tuple_type) (dynamic_type) (bounded_type) (pointer_type)] @name) @scope.class
(impl_item type: (generic_type type: (type_identifier) @name)) @scope.class
(impl_item type: (generic_type type: (scoped_type_identifier name: (type_identifier) @name))) @scope.class
(impl_item type: (scoped_type_identifier name: (type_identifier) @name)) @scope.class

(call_expression function: (identifier) @ref)
(call_expression function: (field_expression field: (field_identifier) @ref))
(call_expression function: (scoped_identifier name: (identifier) @ref))
(call_expression function: (generic_function function: (identifier) @ref))
(call_expression function: (generic_function function: (scoped_identifier name: (identifier) @ref)))
(call_expression function: (generic_function function: (field_expression field: (field_identifier) @ref)))
(token_tree (identifier) @ref . (token_tree . "("))
(macro_invocation macro: (identifier) @ref)
(macro_invocation macro: (scoped_identifier name: (identifier) @ref))
(scoped_identifier path: (identifier) @ref.upper)
(type_identifier) @ref

(use_declaration argument: (_) @module.tree) @import
(mod_item name: (identifier) @module.file !body) @import
(extern_crate_declaration name: (identifier) @module) @import

(line_comment) @comment
(block_comment) @comment
(attribute_item) @decor
