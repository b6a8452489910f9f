; Go.
(function_declaration name: (identifier) @name body: (block) @body) @def.function
(function_declaration name: (identifier) @name !body) @def.function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @parent
    (pointer_type (type_identifier) @parent)
    (generic_type type: (type_identifier) @parent)
    (pointer_type (generic_type type: (type_identifier) @parent))]))
  name: (field_identifier) @name body: (block) @body) @def.method
(type_spec name: (type_identifier) @name type: (struct_type (field_declaration_list) @body)) @def.struct
(type_spec name: (type_identifier) @name type: (interface_type)) @def.interface
(type_spec name: (type_identifier) @name) @def.type
(type_alias name: (type_identifier) @name) @def.type
(method_elem name: (field_identifier) @name) @def.method
(field_declaration name: (field_identifier) @name) @def.field
(const_spec name: (identifier) @name) @def.constant
(var_spec name: (identifier) @name) @def.variable
(type_declaration . (type_spec name: (type_identifier) @name) .) @outer
(type_declaration . (type_alias name: (type_identifier) @name) .) @outer
(const_declaration . (const_spec name: (identifier) @name) .) @outer
(var_declaration . (var_spec name: (identifier) @name) .) @outer

(call_expression function: (identifier) @ref)
(call_expression function: (selector_expression field: (field_identifier) @ref))
(selector_expression operand: (identifier) @ref.upper)
(type_identifier) @ref

(import_spec path: (interpreted_string_literal) @module) @import

(comment) @comment
