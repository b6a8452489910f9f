; PHP.
(namespace_definition name: (namespace_name) @name body: (_) @body) @def.module
(namespace_definition name: (namespace_name) @name !body) @def.module
(class_declaration name: (name) @name body: (_) @body) @def.class
(interface_declaration name: (name) @name body: (_) @body) @def.interface
(trait_declaration name: (name) @name body: (_) @body) @def.trait
(enum_declaration name: (name) @name body: (_) @body) @def.enum
(enum_case name: (name) @name) @def.constant
(function_definition name: (name) @name body: (_) @body) @def.function
(method_declaration name: (name) @name body: (_) @body) @def.method
(method_declaration name: (name) @name) @def.method
(property_declaration (property_element name: (variable_name (name) @name))) @def.field
(property_promotion_parameter name: (variable_name (name) @name)) @def.field
(const_declaration (const_element (name) @name)) @def.constant

(function_call_expression function: [(name) (qualified_name)] @ref)
(member_call_expression name: (name) @ref)
(nullsafe_member_call_expression name: (name) @ref)
(scoped_call_expression name: (name) @ref)
(scoped_call_expression scope: [(name) (qualified_name)] @ref)
(class_constant_access_expression . [(name) (qualified_name)] @ref)
(object_creation_expression [(name) (qualified_name)] @ref)
(named_type [(name) (qualified_name)] @ref)
(base_clause [(name) (qualified_name)] @ref)
(class_interface_clause [(name) (qualified_name)] @ref)
(use_declaration [(name) (qualified_name)] @ref)
(attribute [(name) (qualified_name)] @ref)

(namespace_use_declaration) @import @module.tree
(require_expression [(string) (encapsed_string)] @module.file) @import
(require_once_expression [(string) (encapsed_string)] @module.file) @import
(include_expression [(string) (encapsed_string)] @module.file) @import
(include_once_expression [(string) (encapsed_string)] @module.file) @import
(require_expression (binary_expression right: (string) @module.beside)) @import
(require_once_expression (binary_expression right: (string) @module.beside)) @import
(include_expression (binary_expression right: (string) @module.beside)) @import
(include_once_expression (binary_expression right: (string) @module.beside)) @import

(comment) @comment
