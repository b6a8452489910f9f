; Scala.
(class_definition name: (identifier) @name body: (_) @body) @def.class
(class_definition name: (identifier) @name) @def.class
(object_definition name: (identifier) @name body: (_) @body) @def.class
(object_definition name: (identifier) @name) @def.class
(trait_definition name: (identifier) @name body: (_) @body) @def.trait
(trait_definition name: (identifier) @name) @def.trait
(enum_definition name: (identifier) @name body: (_) @body) @def.enum
(simple_enum_case name: (identifier) @name) @def.constant
(full_enum_case name: (identifier) @name) @def.constant
(function_definition name: (identifier) @name body: (_) @body) @def.function
(function_declaration name: (identifier) @name) @def.function
(val_definition pattern: (identifier) @name) @def.variable
(var_definition pattern: (identifier) @name) @def.variable
(type_definition name: (type_identifier) @name) @def.type

(call_expression function: (identifier) @ref)
(call_expression function: (field_expression field: (identifier) @ref))
(call_expression function: (generic_function function: (identifier) @ref))
(field_expression value: (identifier) @ref.upper)
(type_identifier) @ref

(import_declaration) @import @module.tree

(comment) @comment
(block_comment) @comment
