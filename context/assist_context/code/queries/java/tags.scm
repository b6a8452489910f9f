; Java.
(class_declaration name: (identifier) @name body: (_) @body) @def.class
(record_declaration name: (identifier) @name body: (_) @body) @def.class
(interface_declaration name: (identifier) @name body: (_) @body) @def.interface
(annotation_type_declaration name: (identifier) @name body: (_) @body) @def.interface
(enum_declaration name: (identifier) @name body: (_) @body) @def.enum
(enum_constant name: (identifier) @name) @def.constant
(method_declaration name: (identifier) @name body: (block) @body) @def.method
(method_declaration name: (identifier) @name !body) @def.method
(constructor_declaration name: (identifier) @name body: (_) @body) @def.constructor
(field_declaration declarator: (variable_declarator name: (identifier) @name)) @def.field
(constant_declaration declarator: (variable_declarator name: (identifier) @name)) @def.constant

(method_invocation name: (identifier) @ref)
(method_invocation object: (identifier) @ref.upper)
(field_access object: (identifier) @ref.upper)
(annotation name: (identifier) @ref)
(marker_annotation name: (identifier) @ref)
(type_identifier) @ref

(import_declaration (scoped_identifier) @module.path) @import
(import_declaration (scoped_identifier) @module.path (asterisk) @all) @import
(import_declaration (identifier) @module) @import

(line_comment) @comment
(block_comment) @comment
