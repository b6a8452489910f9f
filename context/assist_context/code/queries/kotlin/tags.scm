; Kotlin. A function with a receiver belongs to the receiver's type.
(class_declaration "interface" name: (identifier) @name (class_body) @body) @def.interface
(class_declaration "interface" name: (identifier) @name) @def.interface
(class_declaration name: (identifier) @name (enum_class_body) @body) @def.enum
(class_declaration name: (identifier) @name (class_body) @body) @def.class
(class_declaration name: (identifier) @name) @def.class
(object_declaration name: (identifier) @name (class_body) @body) @def.class
(object_declaration name: (identifier) @name) @def.class
(function_declaration (user_type (identifier) @parent) name: (identifier) @name (function_body) @body) @def.function
(function_declaration name: (identifier) @name (function_body) @body) @def.function
(function_declaration name: (identifier) @name) @def.function
(property_declaration (variable_declaration (identifier) @name)) @def.property
(class_parameter ["val" "var"] . (identifier) @name) @def.property
(enum_entry . (identifier) @name) @def.constant
(type_alias type: (identifier) @name) @def.type

(call_expression . (identifier) @ref)
(call_expression . (navigation_expression (identifier) @ref .))
(navigation_expression . (identifier) @ref.upper)
(user_type (identifier) @ref)

(import (qualified_identifier) @module.path) @import
(import (qualified_identifier) @module.path "*" @all) @import

(line_comment) @comment
(block_comment) @comment
