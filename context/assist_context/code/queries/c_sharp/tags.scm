; C#. The grammar has no node for the name of a type, so types are matched wherever one may occur.
(namespace_declaration name: (_) @name body: (_) @body) @def.module
(file_scoped_namespace_declaration name: (_) @name) @def.module
(class_declaration name: (identifier) @name body: (declaration_list) @body) @def.class
(record_declaration name: (identifier) @name) @def.class
(struct_declaration name: (identifier) @name body: (_) @body) @def.struct
(interface_declaration name: (identifier) @name body: (_) @body) @def.interface
(enum_declaration name: (identifier) @name body: (_) @body) @def.enum
(enum_member_declaration name: (identifier) @name) @def.constant
(delegate_declaration name: (identifier) @name) @def.type
(method_declaration name: (identifier) @name body: (_) @body) @def.method
(method_declaration name: (identifier) @name) @def.method
(constructor_declaration name: (identifier) @name body: (_) @body) @def.constructor
(local_function_statement name: (identifier) @name body: (_) @body) @def.function
(property_declaration name: (identifier) @name accessors: (_) @body) @def.property
(property_declaration name: (identifier) @name) @def.property
(field_declaration
  (variable_declaration (variable_declarator name: (identifier) @name))) @def.field
(event_field_declaration
  (variable_declaration (variable_declarator name: (identifier) @name))) @def.field

(invocation_expression function: (identifier) @ref)
(invocation_expression function: (member_access_expression name: (identifier) @ref))
(member_access_expression expression: (identifier) @ref.upper)
(conditional_access_expression
  (invocation_expression function: (member_binding_expression name: (identifier) @ref)))
(generic_name . (identifier) @ref)
(object_creation_expression type: (identifier) @ref)
(object_creation_expression type: (qualified_name name: (identifier) @ref))
(base_list (identifier) @ref)
(base_list (qualified_name name: (identifier) @ref))
(attribute name: (identifier) @ref)
(variable_declaration type: (identifier) @ref)
(parameter type: (identifier) @ref)
(method_declaration returns: (identifier) @ref)
(property_declaration type: (identifier) @ref)
(type_argument_list (identifier) @ref)
(nullable_type type: (identifier) @ref)
(array_type type: (identifier) @ref)
(cast_expression type: (identifier) @ref)
(catch_declaration type: (identifier) @ref)
(foreach_statement type: (identifier) @ref)
(declaration_pattern type: (identifier) @ref)
(typeof_expression type: (identifier) @ref)

(using_directive (qualified_name) @module) @import
(using_directive . (identifier) @module .) @import

(comment) @comment
