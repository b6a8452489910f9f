; TypeScript, in addition to what it shares with JavaScript.
(class_declaration name: (type_identifier) @name body: (_) @body) @def.class
(abstract_class_declaration name: (type_identifier) @name body: (_) @body) @def.class
(interface_declaration name: (type_identifier) @name body: (_) @body) @def.interface
(type_alias_declaration name: (type_identifier) @name) @def.type
(enum_declaration name: (identifier) @name body: (_) @body) @def.enum
(enum_body name: (property_identifier) @name @def.constant)
(enum_assignment name: (property_identifier) @name) @def.constant
(internal_module name: (identifier) @name body: (_) @body) @def.module
(module name: (identifier) @name body: (_) @body) @def.module
(internal_module body: (statement_block
  (export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @name)) @def.constant)))
(function_signature name: (identifier) @name) @def.function
(method_signature name: (property_identifier) @name) @def.method
(abstract_method_signature name: (property_identifier) @name) @def.method
(interface_body (property_signature name: (property_identifier) @name) @def.field)
(public_field_definition
  name: (property_identifier) @name value: (arrow_function body: (_) @body)) @def.method
(public_field_definition name: [(property_identifier) (private_property_identifier)] @name) @def.field

(extends_clause value: (identifier) @ref)
(type_identifier) @ref

(import_statement (import_require_clause source: (string) @module)) @import
