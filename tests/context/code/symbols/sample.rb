# frozen_string_literal: true

require "json"
require_relative "../lib/store"

module Shop
  LIMIT = 10

  # Something that went wrong.
  class Error < StandardError; end

  # A basket – größer.
  #
  # Not for threads.
  class Basket < Container
    include Enumerable
    attr_reader :items, :owner

    def initialize(owner, items: [])
      @owner = owner
      @items = items
    end

    def self.load(path)
      text = File.read(path)
      new(JSON.parse(text)["owner"])
    end

    # Adds one.
    def add(item)
      raise Error, "voll" if full?

      @items << item
      notify(item) { |each| Log.info(each) }
    end

    def full?
      @items.size >= LIMIT
    end

    class << self
      def empty
        new("niemand")
      end
    end
  end
end

class Shop::Till
  def total(basket)
    basket.items.sum(&:price)
  end
end

def main
  Shop::Basket.load("é.json").add(1)
end

main
