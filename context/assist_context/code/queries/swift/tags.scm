; Swift. Class, struct, enum, actor and extension have the same node; an extension is the parent of its members.
(class_declaration declaration_kind: "struct" name: (type_identifier) @name body: (_) @body) @def.struct
(class_declaration declaration_kind: "enum" name: (type_identifier) @name body: (_) @body) @def.enum
(class_declaration name: (type_identifier) @name body: (_) @body) @def.class
(class_declaration name: (user_type (type_identifier) @name)) @scope.class
(protocol_declaration name: (type_identifier) @name body: (_) @body) @def.interface
(function_declaration name: (simple_identifier) @name body: (_) @body) @def.function
(protocol_function_declaration name: (simple_identifier) @name) @def.method
(init_declaration "init" @name body: (_) @body) @def.constructor
(property_declaration name: (pattern (simple_identifier) @name)) @def.property
(protocol_property_declaration name: (pattern (simple_identifier) @name)) @def.property
(enum_entry name: (simple_identifier) @name) @def.constant
(typealias_declaration name: (type_identifier) @name) @def.type

(call_expression . (simple_identifier) @ref)
(call_expression . (navigation_expression (navigation_suffix (simple_identifier) @ref)))
(navigation_expression . (simple_identifier) @ref.upper)
(user_type (type_identifier) @ref)

(import_declaration (identifier) @module) @import

(comment) @comment
(multiline_comment) @comment
