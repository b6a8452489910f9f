return require('assist.client').config()
