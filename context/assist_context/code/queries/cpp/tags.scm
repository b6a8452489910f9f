; C++, in addition to what it shares with C.
(class_specifier name: (type_identifier) @name body: (_) @body) @def.class
(namespace_definition name: (namespace_identifier) @name body: (_) @body) @def.module
(namespace_definition name: (nested_namespace_specifier) @path body: (_) @body) @def.module
(alias_declaration name: (type_identifier) @name) @def.type
(concept_definition name: (identifier) @name) @def.type
(function_definition
  declarator: (function_declarator
    declarator: [(field_identifier) (destructor_name) (operator_name)] @name) body: (_) @body) @def.function
(function_definition
  declarator: (_ (function_declarator
    declarator: [(field_identifier) (destructor_name) (operator_name)] @name)) body: (_) @body) @def.function
(function_definition
  declarator: (function_declarator
    declarator: [(identifier) (field_identifier) (destructor_name) (operator_name)] @name)) @def.function
(function_definition
  declarator: (function_declarator declarator: (qualified_identifier) @path) body: (_) @body) @def.function
(function_definition
  declarator: (_ (function_declarator declarator: (qualified_identifier) @path)) body: (_) @body) @def.function
(function_definition
  declarator: (reference_declarator (function_declarator declarator: (identifier) @name))
  body: (_) @body) @def.function
(field_declaration
  declarator: (function_declarator declarator: [(field_identifier) (operator_name)] @name)) @def.prototype
(field_declaration
  declarator: (_ (function_declarator
    declarator: [(field_identifier) (operator_name)] @name))) @def.prototype
(declaration declarator: (function_declarator declarator: (destructor_name) @name)) @def.prototype
(template_declaration (_ name: (type_identifier) @name)) @outer
(template_declaration (concept_definition name: (identifier) @name)) @outer
(template_declaration (_ declarator: (function_declarator declarator: (_) @name))) @outer
(template_declaration (_ declarator: (_ (function_declarator declarator: (_) @name)))) @outer

(call_expression function: (qualified_identifier) @ref)
(call_expression function: (template_function name: (identifier) @ref))
(call_expression function: (field_expression field: (template_method name: (field_identifier) @ref)))
